"""Stand-ins for what a test cannot have: archives, mirrors, Vagrant, failing supervisors."""
