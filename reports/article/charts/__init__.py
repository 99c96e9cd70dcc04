"""The pictures of the article: Vega-Lite specifications drawn to SVG.

The page and Markdown show the same pictures. Only this package draws: it starts an interpreter of
another language, which nothing else waits for.
"""
