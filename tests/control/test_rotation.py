"""Promise: rotating the secrets loses nothing that is stored and signs nobody out, and then the old keys are gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import jwt
import msgspec
import pytest
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from headwater.control import Control, provide, secret_file
from headwater.control.record import Record
from headwater.control.sealed import IS_SEALED, Sealed, SealedOrNone, reseal, seal, sealed_columns, unseal
from headwater.control.secret_file import Secrets
from headwater.control.secrets import Vault
from headwater.control.secrets_mark import SecretsMark
from headwater.errors import InternalError, Unauthorized, Unavailable
from headwater.kit.clock import FixedClock
from headwater.settings import Settings

from .founding import CHEAP_HASHER, Founded

LIFE = timedelta(minutes=15)


class Own(DeclarativeBase):
    """Tables of this test alone."""


class Source(Own):
    """As a table that keeps a secret will be."""

    __tablename__ = "source"

    company: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    password: Mapped[Sealed]
    token: Mapped[SealedOrNone]


TABLES = Own.metadata
# A rotation forgets the old keys: all that is sealed must be among its tables.
SecretsMark.metadata.tables["secrets_mark"].to_metadata(TABLES)


@pytest.fixture
async def sources(control: Control) -> Control:
    """A control plane that has the table, with more rows than one page."""
    async with control._database.exclusive() as connection:
        await connection.run_sync(TABLES.create_all)
    async with control.unit_of_work() as uow:
        for number in range(1100):
            uow.session.add(
                Source(
                    company=str(number % 3),
                    name=f"{number:04}",
                    password=seal(uow.session, Source.password, f"password {number}"),
                    token=seal(uow.session, Source.token, f"token {number}") if number % 2 else None,
                )
            )
    return control


async def in_clear(control: Control) -> list[tuple[str, str | None]]:
    async with control.reading() as session:
        rows = await session.scalars(select(Source).order_by(Source.name))
        return [
            (
                unseal(session, Source.password, row.password),
                None if row.token is None else unseal(session, Source.token, row.token),
            )
            for row in rows
        ]


async def stored(control: Control) -> list[bytes]:
    async with control.reading() as session:
        return list(await session.scalars(select(Source.password).order_by(Source.name)))


EXPECTED = [(f"password {number}", f"token {number}" if number % 2 else None) for number in range(1100)]


def file_of(settings: Settings) -> Secrets:
    return msgspec.json.decode((Path(settings.data_dir) / "secrets.json").read_bytes(), type=Secrets)


def files(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(settings.data_dir).iterdir()}


async def test_what_is_stored_is_encrypted_anew_and_the_old_key_forgotten(sources: Control, settings: Settings) -> None:
    before, values = file_of(settings), await stored(sources)
    rotated = await sources.rotation.run(metadata=TABLES)
    assert rotated.values == 1100 + 550 + 1
    assert await in_clear(sources) == EXPECTED
    after = file_of(settings)
    assert len(before.keys) == len(after.keys) == 1
    assert not set(before.keys) & set(after.keys)
    assert not set(values) & set(await stored(sources))
    # Who has only the file of now reads it all; who has that of before reads nothing.
    fresh = Vault(Path(settings.data_dir) / "secrets.json")
    fresh.open()
    one = (await stored(sources))[0]
    assert fresh.unseal("source.password", one) == b"password 0"
    with pytest.raises(InternalError):
        fresh.unseal("source.password", values[0])


async def test_nothing_secret_is_stored_in_clear(sources: Control, settings: Settings) -> None:
    await sources.stop()
    assert not [name for name, content in files(settings).items() if b"password 7" in content]


async def test_a_value_opens_in_its_own_column_only(sources: Control) -> None:
    (value, *_) = await stored(sources)
    async with sources.reading() as session:
        assert unseal(session, Source.password, value) == "password 0"
        with pytest.raises(InternalError, match="cannot be decrypted"):
            unseal(session, Source.token, value)
        with pytest.raises(InternalError):
            unseal(session, Source.password, value[:-4] + b"AAA=")


async def test_a_server_beside_follows_by_itself(sources: Control, settings: Settings, clock: FixedClock) -> None:
    values = await stored(sources)
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    await beside.rotation.run(metadata=TABLES)
    await beside.stop()
    # It reads what is stored now, and what it had read before.
    assert await in_clear(sources) == EXPECTED
    async with sources.unit_of_work() as uow:
        assert unseal(uow.session, Source.password, values[0]) == "password 0"
        sealed = seal(uow.session, Source.password, "new")
    fresh = Vault(Path(settings.data_dir) / "secrets.json")
    fresh.open()
    assert fresh.unseal("source.password", sealed) == b"new"


async def test_one_that_was_interrupted_is_finished_by_the_next(
    sources: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Vault) -> None:
        raise KeyboardInterrupt

    for number in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(Vault, "end_rotation", interrupted)
            with pytest.raises(KeyboardInterrupt):
                await sources.rotation.run(metadata=TABLES)
        assert len(file_of(settings).keys) == 2 + number
        assert await in_clear(sources) == EXPECTED
    await sources.rotation.run(metadata=TABLES)
    assert len(file_of(settings).keys) == 1
    assert await in_clear(sources) == EXPECTED


async def test_one_that_fails_leaves_everything_readable(
    sources: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = await stored(sources)

    async def failing(session: AsyncSession, metadata: MetaData) -> int:
        await reseal(session, metadata)
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr("headwater.control.rotation.reseal", failing)
        with pytest.raises(LookupError):
            await sources.rotation.run(metadata=TABLES)
    assert await stored(sources) == values
    assert await in_clear(sources) == EXPECTED


async def test_what_is_sealed_with_the_old_key_meanwhile_keeps_it(
    sources: Control, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = sources._vault.seal("source.password", b"late")
    finish, late = sources.rotation._finish, [True]

    async def between(metadata: MetaData) -> int:
        if late:
            late.clear()
            async with sources.unit_of_work() as uow:
                uow.session.add(Source(company="9", name="9999", password=stale, token=None))
        return await finish(metadata)

    monkeypatch.setattr(sources.rotation, "_finish", between)
    await sources.rotation.run(metadata=TABLES)
    assert (await in_clear(sources))[-1] == ("late", None)
    fresh = Vault(Path(settings.data_dir) / "secrets.json")
    fresh.open()
    assert fresh.unseal("source.password", (await stored(sources))[-1]) == b"late"


async def _add(control: Control, name: str) -> None:
    async with control.unit_of_work() as uow:
        password = seal(uow.session, Source.password, name)
        uow.session.add(Source(company="9", name=name, password=password, token=None))


async def _copied(control: Control, settings: Settings, clock: FixedClock) -> Control:
    """Another process with a copy of the secrets as they are now."""
    file = Path(settings.data_dir).parent / "copied" / "secrets.json"
    file.parent.mkdir()
    file.write_bytes((Path(settings.data_dir) / "secrets.json").read_bytes())
    other = provide(msgspec.structs.replace(settings, secrets_file=str(file)), clock, CHEAP_HASHER)
    await other.start()
    return other


async def test_a_process_with_a_copy_of_before_stores_nothing_until_it_has_the_new_one(
    sources: Control, settings: Settings, clock: FixedClock
) -> None:
    other = await _copied(sources, settings, clock)
    await _add(other, "9997")
    await sources.rotation.run(metadata=TABLES)
    for _ in range(2):
        with pytest.raises(Unavailable, match="does not have the rotated secrets yet; nothing was done"):
            await _add(other, "9998")
    # What seals nothing goes on.
    async with other.unit_of_work() as uow:
        await uow.session.delete(await uow.session.get_one(Source, ("0", "0000")))
    (Path(settings.data_dir).parent / "copied" / "secrets.json").write_bytes(
        (Path(settings.data_dir) / "secrets.json").read_bytes()
    )
    await _add(other, "9999")
    assert await in_clear(sources) == [*EXPECTED[1:], ("9997", None), ("9999", None)]
    await other.stop()


async def test_a_file_system_that_still_shows_the_former_file_is_asked_again(
    sources: Control, settings: Settings, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = provide(settings, clock, CHEAP_HASHER)
    await beside.start()
    await sources.rotation.run(metadata=TABLES)
    with monkeypatch.context() as patch:
        # As where attributes of files are kept for a while.
        patch.setattr(secret_file, "stamp", lambda _: beside._vault._stamp)
        with pytest.raises(Unavailable, match="nothing was done"):
            await _add(beside, "9998")
        await _add(beside, "9999")
    assert await in_clear(sources) == [*EXPECTED, ("9999", None)]
    await beside.stop()


async def test_while_a_rotation_is_interrupted_secrets_can_be_stored(
    sources: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(session: AsyncSession, metadata: MetaData) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("headwater.control.rotation.reseal", interrupted)
        with pytest.raises(KeyboardInterrupt):
            await sources.rotation.run(metadata=TABLES)
    await _add(sources, "9999")
    await sources.rotation.run(metadata=TABLES)
    assert await in_clear(sources) == [*EXPECTED, ("9999", None)]


async def test_tokens_of_before_are_good_until_they_expire(
    control: Control, nord: Founded, clock: FixedClock, settings: Settings
) -> None:
    rotated = await control.rotation.run()
    assert rotated.tokens_until == clock() + LIFE
    clock.advance(timedelta(minutes=10))
    new = (await control.users.login(nord.user.email, "correct horse battery", "10.0.0.1")).signed.access_token
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(new, file_of(settings).earlier_jwt_secrets[0].secret, ["HS256"], options={"verify_exp": False})
    for token in (nord.access_token, new):
        assert (await control.access.authenticate(token, None, None)).user_id == nord.user.id
    clock.advance(timedelta(minutes=5))
    with pytest.raises(Unauthorized):
        await control.access.authenticate(nord.access_token, None, None)
    assert await control.access.authenticate(new, None, None)


async def test_what_the_old_key_signs_later_is_refused(
    control: Control, nord: Founded, clock: FixedClock, settings: Settings
) -> None:
    stolen = file_of(settings).jwt_secret
    claims = jwt.decode(nord.access_token, options={"verify_signature": False})
    await control.rotation.run()
    clock.advance(LIFE)
    far = int((clock() + timedelta(days=1)).timestamp())
    with pytest.raises(Unauthorized):
        await control.access.authenticate(jwt.encode(claims | {"exp": far}, stolen, "HS256"), None, None)


async def test_all_tokens_can_be_ended_at_once(control: Control, nord: Founded, clock: FixedClock) -> None:
    assert await control.access.authenticate(nord.access_token, None, None)
    assert (await control.rotation.run(end_tokens=True)).tokens_until is None
    clock.advance(timedelta(seconds=2))
    with pytest.raises(Unauthorized):
        await control.access.authenticate(nord.access_token, None, None)


async def test_several_rotations_in_a_token_s_life_keep_it_good(
    control: Control, nord: Founded, clock: FixedClock, settings: Settings
) -> None:
    for _ in range(3):
        clock.advance(timedelta(minutes=4))
        await control.rotation.run()
    assert await control.access.authenticate(nord.access_token, None, None)
    clock.advance(timedelta(hours=1))
    await control.rotation.run()
    assert len(file_of(settings).earlier_jwt_secrets) == 1


async def test_a_file_of_before_there_were_keys_is_taken_over(tmp_path: Path) -> None:
    old = dict.fromkeys(("jwt_secret", "pepper", "idempotency_key"), "c2VjcmV0IG9mIDMyIGJ5dGVzLCBvciBuZWFybHkgc28=")
    path = tmp_path / "secrets.json"
    path.write_bytes(msgspec.json.encode(old))
    vaults = [Vault(tmp_path / "secrets.json"), Vault(tmp_path / "secrets.json")]
    for vault in vaults:
        vault.open()
    assert vaults[1].unseal("a.b", vaults[0].seal("a.b", b"x")) == b"x"
    assert msgspec.json.decode(path.read_bytes()) == old


async def test_the_file_stays_private_and_alone(control: Control, settings: Settings) -> None:
    await control.rotation.run()
    assert (Path(settings.data_dir) / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [name for name in files(settings) if name.startswith("secrets")] == ["secrets.json"]


def test_columns_are_found_by_their_declaration() -> None:
    assert [str(column) for column in sealed_columns(TABLES)] == [
        "secrets_mark.sealed",
        "source.password",
        "source.token",
    ]
    core = MetaData()
    Table("plain", core, Column("id", String, primary_key=True), Column("value", LargeBinary, info=IS_SEALED))
    assert [str(column) for column in sealed_columns(core)] == ["plain.value"]
    assert all(column.table.primary_key.columns for column in sealed_columns(Record.metadata))
