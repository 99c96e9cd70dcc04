"""The trees of files below a guest's root: images, layers, and the users that own them."""
