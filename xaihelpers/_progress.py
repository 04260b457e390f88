"""One progress bar for everything that takes its time."""


def progress_bar(steps=None, title="", unit="it", *, total=None, shown=True, **options):
    """Return tqdm's bar, in the form that fits where it runs (notebook or terminal); none is drawn where not `shown`.

    steps: what to go through, `for step in progress_bar(steps)`; or leave it out, and call `update()` on the bar.
    title: stands before the bar. total: how many steps, where `steps` does not say. options: tqdm's own.
    """
    if not shown:  # tqdm's notebook bar warns where the widgets are missing, even when it draws nothing
        from tqdm import tqdm
    else:
        from tqdm.auto import tqdm

    return tqdm(steps, desc=title, unit=unit, total=total, disable=not shown, **options)
