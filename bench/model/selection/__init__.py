"""What the options select: contenders, versions, overlays and configurations of the user's own."""
