"""What the host must be able to do for embedded guests, tried out."""
