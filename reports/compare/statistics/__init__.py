"""How a comparison tells a change from chance."""
