// Opens the store of a directory, makes the calls of one life (`StoreCall`), and says of each on
// standard output what came of it, at once. `CrashPointTests` stops it at each write.
//
//     StoreWriter DIRECTORY [early]
//
// `early` says it before the call was made: a writer that lies, for the tests of the tests.

import Glibc

let arguments = CommandLine.arguments
guard arguments.count >= 2 else { exit(2) }
exit(StoreWriter(directory: arguments[1], isEarly: arguments.last == "early").run())
