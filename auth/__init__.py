"""Who asks: users and sign-in. Django's label of this room is ``vo_auth``."""
