"""Tokens that go to people by mail, and the number by which a user's access tokens end all at once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "mailed_token",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("user_id", _ROW_NUMBER, nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailed_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_mailed_token_secret_hash")),
        sa.UniqueConstraint("user_id", "purpose", name=op.f("uq_mailed_token_user_id_purpose")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_mailed_token_user_id"), ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.add_column("user", sa.Column("credentials_version", sa.Integer(), nullable=False, server_default="0"))
