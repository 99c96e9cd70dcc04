"""Root file systems from a distribution's packages, each made by the distribution's own tool."""
