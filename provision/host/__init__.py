"""What the suite needs on this host: programs, and the packages that bring them."""
