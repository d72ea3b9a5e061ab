"""``/api/account``: how one is called here, which everybody chooses for oneself."""

from django.http import HttpRequest, JsonResponse

from auth.basic import CredentialsError
from auth.models import User
from auth.shown_names import UnfitNameError, choose_name, name_of
from dali.errors import ParameterError
from dali.http import dali_errors, methods, parameters_of


@dali_errors
@methods("GET", "HEAD", "POST")
def account(request: HttpRequest) -> JsonResponse:
    """Tell the account's name and the one that others see; POST of ``name`` changes the latter.

    An empty ``name`` gives up the chosen one. 401 where nobody signed in.
    """
    user = request.user
    if not isinstance(user, User):
        raise CredentialsError("sign in by HTTP Basic: this is about the account of whoever asks")
    if request.method == "POST":
        name = parameters_of(request).one("name")
        if name is None:
            raise ParameterError("name", "missing")
        try:
            choose_name(user, name)
        except UnfitNameError as problem:
            raise ParameterError("name", str(problem)) from None
    return JsonResponse(
        {"account": user.get_username(), "name": name_of(user)},
        headers={"Cache-Control": "no-store"},
    )
