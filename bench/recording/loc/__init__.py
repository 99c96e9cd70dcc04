"""Lines of code: the article's column, counted again for its and today's versions."""
