"""What a hostile program in a guest can reach or keep."""
