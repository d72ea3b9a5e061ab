"""Accounts in Django's administration pages."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from auth.models import User

admin.site.register(User, UserAdmin)
