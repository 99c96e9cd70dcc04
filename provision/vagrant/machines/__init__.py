"""A virtual machine of Vagrant: its folder, its console, and the keeper that destroys it."""
