"""Systems, providers, guests and package installation: everything that makes a guest."""
