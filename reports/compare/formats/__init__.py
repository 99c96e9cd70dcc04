"""A comparison of runs in the formats that it is printed in."""
