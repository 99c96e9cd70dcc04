"""How programs and their source archives are fetched and installed."""
