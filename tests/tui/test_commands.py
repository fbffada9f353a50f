"""The table of commands, and keys as they become commands."""

from __future__ import annotations

from analyzer.tui.commands import COMMANDS, ELSEWHERE, GROUPS, Keymap, KeyReader, Pressed, key_text

MAIN_CONTEXTS = ("rows", "main", "any")


def _press(keys: str, contexts: tuple[str, ...] = MAIN_CONTEXTS) -> list[Pressed]:
    reader = KeyReader(Keymap())
    return [found for key in keys.split() if (found := reader.press(key, contexts)) is not None]


def test_no_key_means_two_commands_in_one_context() -> None:
    seen: dict[tuple[str, str], str] = {}
    for one in COMMANDS.values():
        for key in one.keys:
            assert seen.setdefault((one.context, key), one.name) == one.name


def test_no_key_of_one_context_hides_another_on_the_main_screen() -> None:
    keys = [key for one in COMMANDS.values() if one.context in ("rows", "main", "any") for key in one.keys]
    assert len(keys) == len(set(keys))


def test_every_command_says_what_it_does_in_one_line() -> None:
    for group in GROUPS.values():
        for one in group:
            assert one.help and len(one.help) <= 80 and one.help[0].islower()


def test_names_from_elsewhere_lead_to_commands_and_hide_none() -> None:
    names = {known: name.partition(" ") for known, name in ELSEWHERE.items()}
    assert {name for name, _, _ in names.values()} <= set(COMMANDS)
    assert all(COMMANDS[name].argument for name, blank, _ in names.values() if blank)
    for known in ELSEWHERE:
        assert known not in COMMANDS
        begun = {name for name in COMMANDS if name.startswith(known)}
        assert len(begun) != 1 or begun == {names[known][0]}, known


def test_key_of_one_character_gives_its_command() -> None:
    assert [found.command.name for found in _press("e ! ctrl+f")] == ["next-problem", "expert", "find"]


def test_count_before_a_key_goes_with_the_command() -> None:
    assert _press("1 2 3 G") == [Pressed(COMMANDS["last"], 123)]


def test_sequence_of_two_keys_gives_its_command() -> None:
    assert _press("g g") == [Pressed(COMMANDS["first"])]


def test_any_character_behind_a_key_becomes_the_argument() -> None:
    assert _press("m a ' 7") == [Pressed(COMMANDS["mark"], 0, "a"), Pressed(COMMANDS["to-mark"], 0, "7")]


def test_sequence_that_is_nothing_is_forgotten() -> None:
    assert [found.command.name for found in _press("g x e")] == ["next-problem"]


def test_key_counts_in_the_nearest_context() -> None:
    assert _press("p", ("table", "any"))[0].command.name == "plot"
    assert _press("p")[0].command.name == "pause"


def test_user_changes_the_keys_of_a_command() -> None:
    reader = KeyReader(Keymap({"doctor": ["z"], "no such command": ["y"]}))
    assert reader.press("d", MAIN_CONTEXTS) is None
    assert reader.press("z", MAIN_CONTEXTS) == Pressed(COMMANDS["doctor"])


def test_keys_are_written_as_people_write_them() -> None:
    texts = [key_text(key) for key in ("ctrl+f", "shift+tab", "g g", "m CHAR", "pageup")]
    assert texts == ["Ctrl+F", "Shift+Tab", "g g", "m x", "PgUp"]
