"""`python -m review`: serve the review app, carry projects in and out, manage keys, look after the database."""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from review import key_commands
from review.app import create_app, database_url
from review.doctor import sqlite_findings, store_findings
from review.errors import ReviewError
from review.files.store import FileStore, open_file_store
from review.projects import FIRST_PROJECT_ID
from review.secrets import api_key_file, load_secrets
from review.serving import base_url, listen, serve
from review.store import Store
from review.transfer import commands as transfer
from settings import ReviewSettings, Settings, SettingsError, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. What goes wrong is told in one line, with exit code 2."""
    given = _parser().parse_args(arguments)
    try:
        return given.run(given, load())
    except (ReviewError, SettingsError, OSError) as error:
        print(f"review: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    database = argparse.ArgumentParser(add_help=False)
    database.add_argument("--database", metavar="URL", help="sqlite:///file.db or postgresql://… (DATABASE_URL)")

    parser = argparse.ArgumentParser(prog="python -m review", description="The place where threads land.")
    commands = parser.add_subparsers(required=True, metavar="command")

    serving = commands.add_parser("serve", parents=[database], help="serve the pages and the Literal API")
    serving.add_argument("--host", help="address to listen on (HOST)")
    serving.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT)")
    serving.set_defaults(run=_serve)

    project = argparse.ArgumentParser(add_help=False, parents=[database])
    project.add_argument("--project", default=FIRST_PROJECT_ID, metavar="ID", help="the project; default: %(default)s")

    exporting = commands.add_parser("export", parents=[project], help="write a project, or threads of it, to a file")
    transfer.add_export_arguments(exporting)
    exporting.set_defaults(run=_transfer, how=transfer.export)
    importing = commands.add_parser("import", parents=[project], help="read such a file into a project")
    transfer.add_import_arguments(importing)
    importing.set_defaults(run=_transfer, how=transfer.import_)

    actions = commands.add_parser("keys", help="the API keys of a project").add_subparsers(
        required=True, metavar="action"
    )
    listing = actions.add_parser("list", parents=[database], help="show the keys")
    listing.add_argument("--project", metavar="ID", help="of this project only; default: of all")
    listing.set_defaults(run=_with_store, do=key_commands.list_keys)
    creating = actions.add_parser("create", parents=[project], help="make a key, and the project if it is new")
    creating.add_argument("--name", default="", help="what it is for")
    creating.set_defaults(run=_with_store, do=key_commands.make_key)
    rotating = actions.add_parser("rotate", parents=[project], help="end a key and make another of its name")
    rotating.add_argument("id", help="as `keys list` shows it")
    rotating.set_defaults(run=_with_store, do=key_commands.replace_key)
    revoking = actions.add_parser("revoke", parents=[project], help="end a key at once")
    revoking.add_argument("id", help="as `keys list` shows it")
    revoking.set_defaults(run=_with_store, do=key_commands.end_key)

    doctor = commands.add_parser("doctor", parents=[database], help="check SQLite's version and the database")
    doctor.set_defaults(run=_doctor)
    return parser


def _serve(given: argparse.Namespace, settings: Settings) -> int:
    review, data_dir = _review_settings(given, settings), settings.server.data_dir
    key = settings.monitor.literal_api_key
    api_key = key.get_secret_value() if key else None
    token = load_secrets(review, data_dir, api_key).admin_token
    asyncio.run(_try_to_open(database_url(review, data_dir)))
    host = settings.server.host if given.host is None else given.host
    port = settings.server.port if given.port is None else given.port
    listening = listen(host, port)
    url = base_url(listening)

    def ready() -> None:
        print(f"Review pages  {review.review_url or url}/login?token={token}")
        print(f"Literal API   LITERAL_API_URL={review.review_url or url}")
        print(f"API key       {'LITERAL_API_KEY as set' if api_key else f'in {api_key_file(data_dir)}'}", flush=True)

    app = create_app(review, data_dir=data_dir, api_key=api_key)
    return 0 if serve(app, listening, settings.server, ready=ready) else 1


def _with_store(given: argparse.Namespace, settings: Settings) -> int:
    do: Callable[[argparse.Namespace, Store], Awaitable[str]] = given.do

    async def done() -> None:
        async with _store(given, settings) as store:
            print(await do(given, store))

    asyncio.run(done())
    return 0


def _transfer(given: argparse.Namespace, settings: Settings) -> int:
    how: Callable[[argparse.Namespace, Store, FileStore], Awaitable[str]] = given.how

    async def transferred() -> None:
        files = await asyncio.to_thread(open_file_store, settings.review, settings.server.data_dir)
        async with _store(given, settings) as store:
            print(await how(given, store, files), file=sys.stderr)  # the output may be the export itself

    asyncio.run(transferred())
    return 0


def _doctor(given: argparse.Namespace, settings: Settings) -> int:
    async def examined() -> None:
        async with _store(given, settings) as store:
            for finding in await store_findings(store):
                print(finding)

    for finding in sqlite_findings():
        print(finding)
    asyncio.run(examined())
    return 0


def _review_settings(given: argparse.Namespace, settings: Settings) -> ReviewSettings:
    return settings.review.model_copy(update={"database_url": given.database}) if given.database else settings.review


@asynccontextmanager
async def _store(given: argparse.Namespace, settings: Settings) -> AsyncGenerator[Store]:
    store = await Store.open(database_url(_review_settings(given, settings), settings.server.data_dir))
    try:
        yield store
    finally:
        await store.close()


async def _try_to_open(url: str) -> None:
    await (await Store.open(url)).close()


if __name__ == "__main__":
    sys.exit(main())
