"""What a run leaves on its host: nothing, however it ends."""
