"""Workflows: graphs of pure steps, their cache, the engines that run them, their products.

A product is its history: a step's identity is the digest of all that determines its result, so
what was computed before is found again instead of computed again, and can always be explained.
"""
