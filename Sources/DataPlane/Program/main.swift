import DataPlane
import Glibc
import Wire

// One call: top-level code is bound to the main actor, the worker's threads are not.
exit(WorkerProgram.run(version: ApusVersion.current, arguments: CommandLine.arguments))
