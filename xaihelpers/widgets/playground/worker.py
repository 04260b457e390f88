"""Long work in a thread of its own, so that the page stays alive and a stop button is heard."""

import threading


class Worker:
    """Runs one job at a time in a thread; one that is given meanwhile comes next, in place of one that still waits."""

    def __init__(self):
        self._lock, self._thread, self._next = threading.Lock(), None, None
        self._error = None
        self.stopping = threading.Event()

    def do(self, job):
        """Run `job()` as soon as the one before is done."""
        with self._lock:
            self._next = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="playground", daemon=True)
                self._thread.start()

    def stop(self):
        """Ask the job that runs to stop; it must look at `stopping`."""
        self.stopping.set()

    def wait(self, seconds=None):
        """Wait until nothing is left to do; TimeoutError after so many seconds. Raises what a job did not handle."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
            if thread.is_alive():
                raise TimeoutError(f"The playground was still at work after {seconds} s.")
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self):
        while True:
            with self._lock:
                job, self._next = self._next, None
                if job is None:
                    self._thread = None
                    return
                self.stopping.clear()
            try:
                job()
            except Exception as error:
                self._error = error
