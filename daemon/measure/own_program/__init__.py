"""A program of a person's own in place of testd: when it is ready, and who listens for it."""

from __future__ import absolute_import
