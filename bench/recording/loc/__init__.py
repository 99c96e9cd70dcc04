"""Lines of code: the article's column, counted again for its versions and for today's."""
