"""What the running review app holds, and where its routes find it: `request.app.state.review`."""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import HTTPConnection

from review.auth import SignIn
from review.files import Files
from review.known_keys import KnownKeys
from review.records import Project
from review.store import Store
from settings import ReviewSettings


@dataclass(frozen=True)
class Review:
    """Everything a route needs; made once, when the app's lifespan opens the store.

    Attributes:
        store: The two doors to the database.
        keys: Which project an API key opens.
        project: The project the pages show.
        settings: The section the app was made with.
        data_dir: The folder that holds the secrets and, by default, the database.
        sign_in: Decides who may read the pages, and remembers them with a cookie.
        files: The uploaded files.
    """

    store: Store
    keys: KnownKeys
    project: Project
    settings: ReviewSettings
    data_dir: Path
    sign_in: SignIn
    files: Files


def review_of(connection: HTTPConnection) -> Review:
    """The running review app behind a request; works below a mount, too."""
    review: Review = connection.app.state.review
    return review


def public_url(request: HTTPConnection) -> str:
    """Where the app is reached from outside: as the settings say or, when they don't, as this request reached it."""
    given = review_of(request).settings.review_url
    if given:
        return given.rstrip("/")
    # Starlette's own `base_url` leaves out the path the app is mounted at.
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
