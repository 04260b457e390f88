"""Everything that a learner can move on a player, moved, with what must be true of the answer."""

MOVES = {"Home": "aria-valuemin", "End": "aria-valuemax", "ArrowLeft": "aria-valuemin"}


def move_everything(lab, player, seconds=120):
    """Move every slider by keyboard and choose everything in every menu. Each must change the picture, and bring it back.

    seconds: how long an answer may take. AssertionError says which control did not do what it should.
    """
    printed = lab.printed()
    for slider in player.sliders.all():
        if slider.is_visible():
            move_slider(player, slider, seconds)
    for menu in player.menus.all():
        choose_everything(player, menu, seconds)
    assert lab.printed() == printed, "moving the controls printed something into the notebook"
    assert not lab.logged, f"JavaScript errors: {lab.logged}"


def move_slider(player, slider, seconds):
    """Press Home, End and an arrow on a slider's handle, then type the number where it began."""
    name, handle, start, before = player.label(slider), slider.locator(".noUi-handle"), readout(slider), player.picture()
    seen = {before}
    for key, end in MOVES.items():
        if handle.get_attribute("aria-valuenow") != handle.get_attribute(end):  # already there: nothing moves
            seen.add(player.redrawn(lambda key=key: handle.press(key), seconds, f"{key} was pressed on {name}"))
            assert not player.complaint(), f"{name} = {readout(slider)}: {player.complaint()}"
    assert len(seen) > 1, f"the slider {name} was moved from end to end, and the picture stayed the same"
    if readout(slider) != start:
        back = player.redrawn(lambda: type_number(slider, start), seconds, f"{start} was typed beside {name}")
        assert readout(slider) == start, f"{start} was typed beside the slider {name}, which shows {readout(slider)}"
        assert back == before, f"the slider {name} is back at {start}, and the picture is another"


def choose_everything(player, menu, seconds):
    """Choose every entry of a menu, then the one that was chosen at first."""
    name, select, before = player.label(menu), menu.locator("select"), player.picture()
    # By place: ipywidgets writes a name's blanks otherwise in the list than in the value.
    start, entries = select.evaluate("menu => menu.selectedIndex"), select.locator("option").all_text_contents()
    seen, back = {before}, None
    for place in [*(n for n in range(len(entries)) if n != start), start] if len(entries) > 1 else []:
        what = f"{entries[place]} was chosen in {name}"
        back = player.redrawn(lambda place=place: select.select_option(index=place), seconds, what)
        assert not player.complaint(), f"{what}: {player.complaint()}"
        seen.add(back)
    assert len(entries) < 2 or len(seen) > 1, f"everything was chosen in the menu {name}, and the picture stayed the same"
    assert back in (None, before), f"the menu {name} is back at {entries[start]}, and the picture is another"


def readout(slider):
    """Return the number beside a slider, as text."""
    return slider.locator(".widget-readout").text_content()


def set_number(player, slider, text):
    """Type a number that is in the slider's range, unless it is there, and wait for the picture."""
    if readout(slider) != text:
        player.redrawn(lambda: type_number(slider, text), what=f"{text} was typed beside {player.label(slider)}")


def type_number(slider, text):
    """Type into the number beside a slider."""
    number = slider.locator(".widget-readout")
    number.click()
    number.press("Control+A")
    number.press_sequentially(text)
    number.press("Enter")
