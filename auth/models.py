"""The people and programs that this server knows."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """An account. Ours from the first migration, since Django can't exchange it later."""
