"""A recorded player in a page without a kernel: every position reached by keyboard, with what must be true of each."""

SHOWN = "player => player.dataset.shown"
# What the eye gets: the bytes of every canvas, not what the script says about itself.
SEEN = """player => [...player.querySelectorAll('canvas')].map(canvas => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0; for (const each of data) sum = (31 * sum + each) % 2147483647;
    return `${canvas.width}x${canvas.height}:${sum}` }).join(' ')"""
DATA = "player => JSON.parse(player.querySelector('script[type=\"application/json\"]').textContent)"


class Recorded:
    """One player in a page. `data` is what was recorded."""

    def __init__(self, box):
        self.box, self.page = box, box.page
        self.page.wait_for_function("player => player.dataset.shown !== undefined", arg=box.element_handle(), timeout=5000)
        self.data, self.sliders = box.evaluate(DATA), box.locator("input[type=range]").all()
        self.recorded = {tuple(map(int, key.split(","))): value for key, value in self.data["positions"].items()}

    def place(self):
        """Return the position that is shown."""
        return tuple(map(int, self.box.evaluate(SHOWN).split(",")))

    def press(self, slider, key):
        """Press a key on a slider, by its number, and wait until the picture is that of where the sliders stand."""
        self.sliders[slider].press(key)
        stand = "[...player.querySelectorAll('input[type=range]')].slice(0, count).map(input => input.value).join()"
        check = f"([player, count]) => {stand} === player.dataset.shown"
        self.page.wait_for_function(check, arg=[self.box.element_handle(), len(self.data["controls"])], timeout=5000)

    def go(self, slider, place):
        """Move one slider to a place, one arrow at a time."""
        while (at := self.place()[slider]) != place:
            self.press(slider, "ArrowRight" if at < place else "ArrowLeft")
            assert self.place()[slider] != at, f"an arrow was pressed on slider {slider}, and it stayed at {at}"

    def move_everywhere(self):
        """Visit every recorded position; each must show its own picture, words and alt text, the sliders moved one by one."""
        pictures, left = {}, set(self.recorded)
        while left:
            at = self.place()  # the nearest one next: few keys to press
            key = min(sorted(left), key=lambda key: sum(abs(there - here) for there, here in zip(key, at)))
            left.remove(key)
            while self.place() != key:  # one slider may have moved another back to its start
                for slider, place in enumerate(key):
                    self.go(slider, place)
            position = self.recorded[key]
            assert self.box.locator("[role=img]").get_attribute("aria-label") == position["alt"] != ""
            assert self.box.locator("[role=status] div").all_text_contents() == position["text"]
            pictures.setdefault(self.box.evaluate(SEEN), []).append(key)
        self.check(pictures)
        return len(self.recorded)

    def check(self, pictures):
        """Positions whose recorded panels differ must look different, and every slider must matter somewhere."""
        for same in pictures.values():
            panels = [self.recorded[key]["panels"] for key in same]
            assert all(each == panels[0] for each in panels), f"{same} were recorded as different pictures, and look alike"
        looks = {key: look for look, keys in pictures.items() for key in keys}
        for slider, control in enumerate(self.data["controls"]):
            rest = {}
            for key, look in looks.items():
                rest.setdefault(key[:slider] + key[slider + 1 :], set()).add(look)
            message = f"the slider {control['name']} was moved from end to end, and the picture stayed the same"
            assert len(control["labels"]) == 1 or max(map(len, rest.values())) > 1, message
