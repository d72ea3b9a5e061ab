"""Django's password hash, but quick to make. The production settings verify it all the same."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """One round instead of a million."""

    iterations = 1
