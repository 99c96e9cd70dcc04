"""What the commands beside `bench` do, a module each."""
