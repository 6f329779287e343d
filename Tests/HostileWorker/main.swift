// A worker for the master's tests: small and honest, or wrong in one chosen way. The way is the
// name it is called by, since the arguments of a worker are the master's. See `Mode`.

HostileWorker(Mode.ofThisProgram()).run()
