// A worker for the master's tests: small and honest, or wrong in one chosen way. The way is the
// name it is called by, since a worker gets no arguments. See `Mode`.

HostileWorker(Mode.ofThisProgram()).run()
