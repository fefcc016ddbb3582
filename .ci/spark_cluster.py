"""A Spark standalone cluster on loopback: a master and workers, each a JVM of its own with one executor."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pyspark

HOME = pathlib.Path(pyspark.__file__).parent
DEPLOY = "org.apache.spark.deploy"
# The first compiler alone, and one thread for the garbage: short runs on few processors.
JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


class Cluster:
    def __init__(self, folder, workers=2, memory="1g", log_level="INFO"):
        self.folder, self.processes = pathlib.Path(folder), []
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start("master", f"{DEPLOY}.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        self.url = self._logged("master", r"Starting Spark master at (spark://\S+)")
        for i in range(workers):
            self._start(f"worker{i}", f"{DEPLOY}.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "1",
                        "--memory", memory, "--work-dir", str(self.folder / f"work{i}"), self.url)
        for i in range(workers):
            self._logged(f"worker{i}", r"Successfully registered with master (\S+)")

    def _start(self, name, main, *args):
        command = ["java", *JVM, "-Xmx512m", "-cp", f"{HOME}/jars/*", main, *args]
        env = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_SCALA_VERSION": "2.13", "SPARK_LOCAL_IP": "127.0.0.1"}
        with open(self.folder / f"{name}.log", "w") as log:
            # A group of its own: an executor dies with its worker.
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True))

    def _logged(self, name, pattern, seconds=120):
        """Waits until a process has logged a line, and returns what the pattern captures."""
        path, end = self.folder / f"{name}.log", time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, path.read_text()):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"{name} has not started:\n{path.read_text()}")

    def kill_worker(self):
        """Kills a worker and its executor, as a machine that is lost."""
        os.killpg(self.processes.pop().pid, signal.SIGKILL)

    def stop(self):
        while self.processes:
            self.kill_worker()
