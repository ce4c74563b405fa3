"""Published trees, in memory."""

from dataclasses import replace
from datetime import UTC, datetime

from taxonomy.errors import InputError, UnknownId
from taxonomy.records import (
    Release,
)
from taxonomy.tree import Tree
from tests.fakes.contents import Desk


class FakeReleases:
    """`ReleaseRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def publish(
        self,
        taxonomy: str,
        tree: Tree,
        *,
        model_revision: str,
        model_dir: str,
        author: str,
        takes_effect_at: datetime | None = None,
        restores: int | None = None,
        rolls_back: int | None = None,
    ) -> Release:
        self.desk.now.tree(taxonomy)
        now = datetime.now(UTC)
        release = Release(
            next(self.desk.numbers),
            taxonomy.lower(),
            tree.version,
            model_revision,
            model_dir,
            author,
            now,
            takes_effect_at or now,
            restores,
            rolls_back,
        )
        self.desk.now.releases[release.id] = (release, tree)
        return release

    def cancel(self, release_id: int) -> Release:
        if release_id not in self.desk.now.releases:
            raise UnknownId("release", str(release_id))
        release, tree = self.desk.now.releases[release_id]
        if release.cancelled_at is not None:
            raise InputError(f"release {release_id} was cancelled already")
        if release.takes_effect_at <= datetime.now(UTC):
            raise InputError(f"release {release_id} is in effect, or was")
        release = replace(release, cancelled_at=datetime.now(UTC))
        self.desk.now.releases[release_id] = (release, tree)
        return release

    def in_effect(self, taxonomy: str, *, at: datetime | None = None) -> Release | None:
        found = self.current(taxonomy, at=at)
        return None if found is None else found[0]

    def current(self, taxonomy: str, *, at: datetime | None = None) -> tuple[Release, Tree] | None:
        when = at or datetime.now(UTC)
        begun = (
            (release, tree)
            for release, tree in self._newest(taxonomy)
            if release.takes_effect_at <= when and release.cancelled_at is None
        )
        return max(begun, key=lambda pair: (pair[0].takes_effect_at, pair[0].id), default=None)

    def get(self, taxonomy: str, release_id: int) -> tuple[Release, Tree]:
        for release, tree in self._newest(taxonomy):
            if release.id == release_id:
                return release, tree
        raise UnknownId("release", str(release_id))

    def nearest(self, taxonomy: str, version: int) -> Tree | None:
        pinned = (tree for _, tree in self._newest(taxonomy) if tree.version <= version)
        return max(pinned, key=lambda tree: tree.version, default=None)

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        return [release for release, _ in self._newest(taxonomy)[:limit]]

    def _newest(self, taxonomy: str) -> list[tuple[Release, Tree]]:
        self.desk.now.tree(taxonomy)
        pairs = reversed(self.desk.now.releases.values())
        return [pair for pair in pairs if pair[0].taxonomy == taxonomy.lower()]
