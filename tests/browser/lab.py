"""One notebook open in JupyterLab: what a learner does with it, and what can be seen of it."""

SECONDS_TO_OPEN = 180
SECONDS_TO_RUN = 600  # a lesson takes up to 90 s on a machine of its own

READY = """() => { const tab = window.jupyterapp?.shell.currentWidget;
    return tab?.context?.isReady && tab.sessionContext.isReady && tab.sessionContext.session?.kernel?.status === 'idle' }"""
# The notebook as it would be stored, without asking the server to store it.
STORED = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"
IDLE = """() => { const tab = window.jupyterapp.shell.currentWidget;
    const code = [...tab.content.model.cells].filter(cell => cell.type === 'code');
    return tab.sessionContext.session.kernel.status === 'idle' && code.some(cell => cell.executionCount !== null)
        && !code.some(cell => cell.executionState === 'running') }"""
FINISHED = """() => { const tab = window.jupyterapp.shell.currentWidget;
    const code = [...tab.content.model.cells].filter(cell => cell.type === 'code');
    const failed = code.some(cell => cell.outputs.toJSON().some(output => output.output_type === 'error'));
    return tab.sessionContext.session.kernel.status === 'idle' && !code.some(cell => cell.executionState === 'running')
        && (failed || code.every(cell => cell.executionCount !== null || !cell.sharedModel.source.trim())) }"""

# Contrast as WCAG 2 defines it, of every piece of text against the first opaque colour behind it.
FAINT = """part => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => { for (; element; element = element.parentElement) {
        const colour = numbers(getComputedStyle(element).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) return colour; } return [255, 255, 255]; };
    const found = [], walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let text; (text = walk.nextNode());) {
        const element = text.parentElement;
        if (!text.data.trim() || /STYLE|SCRIPT|OPTION/.test(element.tagName)) continue;
        const [high, low] = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) found.push(`${contrast.toFixed(1)}: ${text.data.trim().slice(0, 60)}`); }
    return found; }"""

CUT = """parts => parts.filter(part => part.scrollWidth > part.clientWidth + 2)
    .map(part => `${part.scrollWidth} pixels in ${part.clientWidth}: ${part.textContent.slice(0, 60)}`)"""


class Lab:
    """A page with one notebook. `logged` collects the errors that JavaScript reported."""

    def __init__(self, page, server, notebook):
        self.page, self.logged = page, []
        page.on("pageerror", lambda error: self.logged.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.logged.append(message.text))
        page.goto(server.lab(notebook))
        page.wait_for_function(READY, timeout=1000 * SECONDS_TO_OPEN)

    def menu(self, *names):
        """Choose from the menus, such as menu("Run", "Run All Cells")."""
        for name in names:
            self.page.get_by_role("menuitem", name=name, exact=True).click()

    def run_all(self):
        """Run every cell as a learner does, after the stored outputs are gone, and wait until the kernel is idle again."""
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(FINISHED, timeout=1000 * SECONDS_TO_RUN, polling=500)

    def run_above(self, text):
        """Run the cells above the one of this heading, and wait until the kernel is idle again."""
        self.menu("Edit", "Clear Outputs of All Cells")
        self.page.get_by_role("heading", name=text).click()
        self.menu("Run", "Run All Above Selected Cell")
        self.page.wait_for_function(IDLE, timeout=1000 * SECONDS_TO_RUN, polling=500)

    def cells(self):
        """Return the cells with their outputs, as the notebook would be stored now."""
        return self.page.evaluate(STORED)["cells"]

    def outputs(self):
        """Return [(number of the cell, output)] of all code cells."""
        return [(n, output) for n, cell in enumerate(self.cells()) for output in cell.get("outputs", [])]

    def failures(self):
        """Return one line for each error, and each text on stderr, that a learner would see."""
        lines = []
        for number, output in self.outputs():
            if output["output_type"] == "error":
                lines.append(f"cell {number} raised {output['ename']}: {output['evalue']}")
            elif output.get("name") == "stderr":
                lines.append(f"cell {number} printed to stderr: {''.join(output['text'])[:500]}")
        return lines

    def printed(self):
        """Return how many outputs the page shows, those inside widgets included, and their text."""
        texts = self.page.locator(".jp-OutputArea-child .jp-RenderedText").all_text_contents()
        return self.page.locator(".jp-OutputArea-child").count(), texts

    def type_and_run(self, code):
        """Type a new cell at the end of the notebook, run it, and return its text as shown in the page."""
        self.page.locator(".jp-Notebook-footer").click()
        self.page.locator(".jp-Notebook .jp-CodeCell").last.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(FINISHED, timeout=1000 * SECONDS_TO_RUN)
        output = self.page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-OutputArea")
        return output.inner_text().strip()

    def faint(self, part=None):
        """Return the texts of outputs (or of one part) whose contrast is under 4.5, the least that is readable for all."""
        parts = [part] if part else self.page.locator(".jp-OutputArea-output").all()
        return [text for each in parts for text in each.evaluate(FAINT)]

    def cut(self):
        """Return the outputs that are wider than their place in the page."""
        return self.page.locator(".jp-OutputArea-output, .jp-MarkdownOutput").evaluate_all(CUT)

    def theme(self, name):
        """Change the colours of the whole page: "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        light = str("Light" in name).lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
        self.page.wait_for_timeout(500)  # the style sheet comes after the attribute

    def players(self):
        """Return the sliders with their picture, one Player for each that the notebook shows."""
        found = self.page.locator(".jp-OutputArea .widget-vbox:has(> img.widget-image + .widget-html)")
        return [Player(found.nth(n)) for n in range(found.count())]


class Player:
    """The widget of `explore` in the page: its controls, its picture, and the line below."""

    def __init__(self, box):
        self.box = box
        self.sliders, self.menus = (box.locator(f".widget-{kind}") for kind in ("slider", "dropdown"))
        self._status = box.locator("> .widget-html .widget-html-content")

    def label(self, control):
        return control.locator(".widget-label").text_content()

    def picture(self):
        """Return the bytes of the picture that is shown."""
        read = "async img => { await img.decode(); return [...new Uint8Array(await (await fetch(img.src)).arrayBuffer())] }"
        return bytes(self.box.locator("> img").evaluate(read))

    def words(self):
        """Return what is written below the picture."""
        return self._status.text_content()

    def complaint(self):
        """Return the message of an error, or nothing."""
        found = self._status.get_by_role("alert")
        return found.text_content() if found.count() else ""

    def redrawn(self, move, seconds=120, what="a control was moved"):
        """Do `move()` and wait until the widget has answered; AssertionError if it never does."""
        self._status.evaluate("""status => { window.answered = false; window.watching?.disconnect();
            window.watching = new MutationObserver(() => { window.answered ||= !status.textContent.includes('computing') });
            window.watching.observe(status, {childList: true, subtree: true, characterData: true}) }""")
        move()
        try:
            self.box.page.wait_for_function("() => window.answered", timeout=1000 * seconds)
        except Exception as late:
            raise AssertionError(f"{what}, and in {seconds} s nothing was drawn") from late
        return self.picture()
