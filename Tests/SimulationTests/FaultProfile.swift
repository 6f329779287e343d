/// How bad a seed's world is; per mille unless it says otherwise.
struct FaultProfile {
    var invalidConfiguration = 0
    var spawnFails = 0
    /// A record cannot be stored.
    var diskFails = 0
    /// Of an effect's answer: never comes.
    var answerLost = 0
    /// A worker in INIT: refuses, exits, hangs or lies.
    var failsInInit = 0
    var failsInSwitch = 0
    var failsToRelease = 0
    var ignoresTerminate = 0
    /// Of a worker's message.
    var messageLost = 0
    var messageRepeated = 0
    var messageReordered = 0
    /// Of each act of mischief: a worker dies, hangs, lies; the master pauses.
    var attack = 0
    var stopsEarly = 0

    static let calm = FaultProfile()

    /// A third of all worlds are healthy but busy, a third have single faults, a third are hell.
    init(random: inout SplitMix64) {
        let severity = random.number(in: 0...2)
        stopsEarly = random.pick([0, 0, 3, 20])
        guard severity > 0 else { return }
        let most = severity == 1 ? 60 : 300
        func chance() -> Int { random.happens(500) ? random.number(in: 0...most) : 0 }
        invalidConfiguration = chance()
        spawnFails = chance()
        answerLost = chance() / 3
        failsInInit = chance()
        failsInSwitch = chance()
        failsToRelease = chance()
        ignoresTerminate = chance()
        messageLost = chance() / 3
        messageRepeated = chance()
        messageReordered = chance() / 2
        attack = chance() * 2
        diskFails = chance()
    }

    private init() {}
}
