import Clock
import Foundation
import Glibc
import Logging
import Model
import Supervisor
import Synchronization
import Syscalls
import TestKit
import Testing
import Wire

@testable import Master

/// What systemd is told, and in which order.
@Suite struct ServiceNoticeTests {
    private func messages(_ change: (inout ServiceNotice) -> Void, since sent: ServiceNotice)
        -> [String]
    {
        var notice = sent
        change(&notice)
        return notice.messages(since: sent, monotonicMicroseconds: 7)
    }

    private let ready: ServiceNotice = {
        var notice = ServiceNotice()
        notice.phase = .ready
        return notice
    }()

    @Test func readyComesWithItsStatus() {
        let messages = messages(
            {
                $0.phase = .ready
                $0.status = "serving gen 1 rev 1"
            }, since: ServiceNotice())
        #expect(messages == ["READY=1\nSTATUS=serving gen 1 rev 1"])
    }

    @Test func everyReloadingHasItsReady() {
        let begun = "RELOADING=1\nMONOTONIC_USEC=7"
        var reloading = ready
        reloading.phase = .reloading
        reloading.reloadCount = 1
        #expect(reloading.messages(since: ready, monotonicMicroseconds: 7) == [begun])
        #expect(messages({ $0.phase = .ready }, since: reloading) == ["READY=1"])
        // Begun and over since the last look: systemd may wait for both.
        #expect(messages({ $0.reloadCount += 1 }, since: ready) == [begun, "READY=1"])
        // A reload that was asked for before anything served.
        #expect(
            reloading.messages(since: ServiceNotice(), monotonicMicroseconds: 7)
                == ["READY=1", begun])
    }

    @Test func nothingFollowsStopping() {
        var stopping = ready
        stopping.phase = .stopping
        #expect(stopping.messages(since: ready, monotonicMicroseconds: 7) == ["STOPPING=1"])
        #expect(messages({ $0.reloadCount += 1 }, since: stopping).isEmpty)
        #expect(messages({ $0.beatCount += 1 }, since: stopping) == ["WATCHDOG=1"])
    }

    /// While the receiver is blocked only the newest is kept.
    @Test func slowReceiverBlocksNobody() throws {
        let gate = Mutex(true)
        let sent = Mutex<[String]>([])
        let notifier = try SystemdNotifier { message in
            while gate.withLock({ $0 }) { usleep(1000) }
            sent.withLock { $0.append(message) }
        }
        var notice = ServiceNotice()
        notice.phase = .ready
        for number in 0..<10_000 {
            notice.status = "status \(number)"
            notice.beatCount += 1
            notifier.update(notice)
        }
        gate.withLock { $0 = false }
        notifier.flush(atMost: .seconds(5))
        let messages = sent.withLock { $0 }
        #expect(messages.count <= 4, "\(messages)")
        #expect(messages.first?.hasPrefix("READY=1\nSTATUS=") == true)
        #expect(messages.contains { $0.hasSuffix("STATUS=status 9999") })
    }
}

@Suite struct ServiceStateTests {
    private let plan = GenerationPlan(revision: 42, sha256: "")
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private let worker = WorkerID(generation: 13, index: 0)

    private func record(
        _ id: String, _ status: ReloadRecord.Status, _ source: ReloadRecord.Source = .api,
        failure: ReloadFailure? = nil
    ) -> ReloadRecord {
        ReloadRecord(
            id: id, status: status, mode: .soft,
            trigger: ReloadRecord.Trigger(source: source, principal: "test"),
            createdAt: WallTime(milliseconds: 0),
            steps: [
                ReloadRecord.Step(
                    name: .validate, status: status, startedAt: WallTime(milliseconds: 0))
            ], failure: failure)
    }

    private func facts(_ reloads: [ReloadRecord], serving: Int? = 13) -> ServiceState.Facts {
        var generations: [GenerationRecord] = []
        for (number, phase) in [(13, GenerationRecord.Phase.serving), (12, .leaving)] {
            var record = GenerationRecord(
                generation: number, plan: plan, createdAt: WallTime(milliseconds: 0))
            record.phase = phase
            generations.append(record)
        }
        return ServiceState.Facts(
            generations: generations, reloads: reloads, serving: serving, desiredRevision: 42,
            isStopping: false)
    }

    @Test func readyIsWhatServes() {
        var state = ServiceState(watchdog: nil, earlierReloads: [])
        state.didChange(facts([record("a", .running, .startup)], serving: nil))
        #expect(state.notice.phase == .starting)
        state.didChange(facts([record("a", .succeeded, .startup)]))
        #expect(state.notice.phase == .ready)
        #expect(state.notice.status == "serving gen 13 rev 42, 1 leaving")
        #expect(state.notice.reloadCount == 0, "a start is no reload")
        // A crashed generation's replacement is no reload either.
        state.didChange(facts([record("rs_1", .running, .restart)], serving: nil))
        #expect(state.notice.phase == .ready)
    }

    @Test func reloadsByRequestAreCounted() {
        let old = record("old", .failed)
        var state = ServiceState(watchdog: nil, earlierReloads: [old])
        state.didChange(facts([old]))
        #expect(state.notice.reloadCount == 0)
        #expect(!state.notice.status.contains("FAILED"), "that was another life")
        state.didChange(facts([record("b", .running), old]))
        #expect(state.notice.phase == .reloading)
        state.didChange(facts([record("c", .failed), record("b", .succeeded), old]))
        #expect(state.notice.phase == .ready)
        #expect(state.notice.reloadCount == 2)
    }

    @Test func statusSaysWhyWithoutControlCharacters() {
        let problem = ReloadFailure.Problem(
            code: "unknown-field", severity: "error", file: "conf.d/api.yaml", line: 14, column: 9,
            pointer: "/x", message: "unknown field \"\u{1b}[31m\nREADY=1\"")
        let failure = ReloadFailure(
            code: "config-invalid", detail: "2 errors", problems: [problem, problem])
        let text = ServiceStatus.text(facts([record("a", .failed, failure: failure)]), ignoring: [])
        #expect(
            text == "serving gen 13 rev 42, 1 leaving, last reload FAILED at VALIDATE: "
                + "conf.d/api.yaml:14:9 unknown field \"\\u{1b}[31m\\u{a}READY=1\" (and 1 more)")
        let long = ReloadFailure(code: "x", detail: String(repeating: "é\u{7}", count: 9000))
        let bounded = ServiceStatus.text(
            facts([record("a", .failed, failure: long)]), ignoring: [])
        #expect(bounded.count == ServiceStatus.characterCountMax)
    }

    @Test func moreTimeIsAskedForWhileSomethingRuns() {
        var state = ServiceState(watchdog: nil, earlierReloads: [])
        for second in 0...11 { state.didTurn(at: start + .seconds(second)) }
        #expect(state.notice.extensionCount == 2, "every 5 s of a start")
        state.didChange(facts([]))
        for second in 12...60 { state.didTurn(at: start + .seconds(second)) }
        #expect(state.notice.extensionCount == 2)
    }

    @Test func noSignOfLifeWithoutProgress() {
        var state = ServiceState(watchdog: .seconds(10), earlierReloads: [])
        state.didChange(facts([]))
        func turn(_ seconds: Range<Int>, progress: Bool) {
            for quarter in (seconds.lowerBound * 4)..<(seconds.upperBound * 4) {
                let now = start + .milliseconds(quarter * 250)
                if progress { state.didProgress(worker, at: now) }
                state.didTurn(at: now)
            }
        }
        turn(0..<20, progress: true)
        #expect(state.notice.beatCount == 4, "every half of the period")
        turn(20..<60, progress: false)
        #expect(state.notice.beatCount <= 5, "stuck, and nobody replaced it")
        let before = state.notice.beatCount
        turn(60..<61, progress: true)
        #expect(state.notice.beatCount == before + 1, "at once when it moves again")
    }

    /// The machine was suspended: nobody could make progress.
    @Test func pauseOfTheMasterIsNotTheWorkersFault() {
        var pulse = ServingPulse()
        pulse.didProgress(worker, at: start)
        var isBeating = pulse.isBeating([worker], at: start)
        #expect(isBeating)
        isBeating = pulse.isBeating([worker], at: start + .seconds(60))
        #expect(isBeating)
        let later = start + .seconds(60)
        for quarter in 1...20 {
            isBeating = pulse.isBeating([worker], at: later + .milliseconds(quarter * 250))
        }
        #expect(!isBeating, "but then it has its time like everybody")
        isBeating = pulse.isBeating([], at: later + .seconds(6))
        #expect(isBeating)
    }
}

@Suite struct JournalTests {
    @Test func fieldsOfAnEvent() {
        let event = EventLog.Event(
            level: .error, text: "reload finished id=rl_1 generation=3",
            values: [("generation", "3"), ("id", "rl_1"), ("restart-after ms", "a\nb")])
        #expect(
            JournalSink.fields(of: event) == [
                "MESSAGE=reload finished id=rl_1 generation=3", "PRIORITY=3",
                "APUS_GENERATION=3", "APUS_RELOAD_ID=rl_1",
                "APUS_RESTART_AFTER_MS=a\\u{a}b",
            ])
    }

    @Test func onlyWhereStandardErrorIsTheJournal() throws {
        let directory = try TemporaryDirectory()
        let file = try Files.openAppend(directory.path("log"))
        let identity = try Files.identity(of: file.rawValue)
        let own = "\(identity.device):\(identity.inode)"
        #expect(JournalSink.isBehind(file.rawValue, environment: own))
        #expect(!JournalSink.isBehind(file.rawValue, environment: "1:\(identity.inode)"))
        #expect(!JournalSink.isBehind(file.rawValue, environment: nil))
    }
}

/// Sockets that were there before us.
@Suite struct InheritedSocketTests {
    private func listening(_ port: Int) throws -> InheritedSocket {
        let address = try #require(SocketAddress("127.0.0.1:\(port)"))
        let socket = try TCPSocket.bind(RawSocketAddress(address))
        try TCPSocket.listen(socket.rawValue, backlog: 16)
        return try InheritedSocket(name: "http", socket: socket)
    }

    @Test func adoptedByAddressAndNeverClosed() throws {
        let port = try FreePort.lease()
        let socket = try listening(port)
        let table = ListenerTable(inherited: [socket])
        #expect(table.idleInherited.count == 1)
        try table.bind(generation: 1, configuration: try configuration(port))
        let leases = try table.handOff(generation: 1)
        #expect(leases.first?.manifest.entries.first?.inode == socket.inode)
        #expect(table.idleInherited.isEmpty)
        table.commit(generation: 1)
        // The end: nothing is drained, whoever connects waits for the next master.
        #expect(table.willRelease(generation: 1, successor: nil, isFinal: true).isEmpty)
        table.didLetGo(generation: 1)
        #expect(table.views.isEmpty)
        #expect((try? TestSocket.connect(port: port)) != nil)
        // And again.
        try table.bind(generation: 2, configuration: try configuration(port))
        #expect(table.idleInherited.isEmpty)
    }

    /// By its number or its name, as whom it was before notwithstanding.
    @Test func theOneThatIsAskedForIsTaken() throws {
        let port = try FreePort.lease()
        let socket = try listening(port)
        let table = ListenerTable(inherited: [socket])
        for (step, address) in ["http", "\(socket.number)"].enumerated() {
            let wanted = try #require(PassedSocket(address))
            for (offset, bind) in [
                Bind(.passed(wanted)), Bind(try #require(SocketAddress("127.0.0.1:\(port)"))),
            ].enumerated() {
                let generation = 1 + step * 2 + offset
                var frontend = Frontend(name: "web", mode: .http, bind: [])
                frontend.bind = [bind]
                try table.bind(
                    generation: generation, configuration: Configuration(frontends: [frontend]))
                let entry = try table.handOff(generation: generation).first?.manifest.entries.first
                #expect(entry?.inode == socket.inode)
                #expect(entry?.address == socket.address)
                table.commit(generation: generation)
                #expect(
                    table.willRelease(
                        generation: generation - 1, successor: generation, isFinal: false
                    ).isEmpty)
                table.didLetGo(generation: generation - 1)
                #expect(table.views.map(\.address) == ["127.0.0.1:\(port)"])
            }
        }
        #expect((try? TestSocket.connect(port: port)) != nil)
    }

    /// The same socket by another name and with other options, in a generation that fails.
    @Test func optionsComeBackUnderTheirName() throws {
        let socket = try listening(try FreePort.lease())
        let table = ListenerTable(inherited: [socket])
        func handOff(_ generation: Int, _ name: PassedSocket, seconds: Int64) throws -> Int32 {
            var frontend = Frontend(name: "web", mode: .http, bind: [])
            frontend.bind = [Bind(.passed(name))]
            frontend.bind[0].userTimeout = .seconds(seconds)
            try table.bind(
                generation: generation, configuration: Configuration(frontends: [frontend]))
            let lease = try #require(try table.handOff(generation: generation).first)
            return userTimeout(try #require(lease.descriptors.first))
        }
        func userTimeout(_ socket: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            // SAFETY: both are written during the call only, and `value` has that size.
            _ = unsafe getsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &size)
            return value
        }
        #expect(try handOff(1, .name("http"), seconds: 7) == 7_000)
        table.commit(generation: 1)
        #expect(try handOff(2, .number(socket.number), seconds: 9) == 9_000)
        table.abandon(generation: 2)
        let first = try #require(table.all.first?.rawValue)
        #expect(userTimeout(first) == 7_000)
    }

    @Test func whatIsNotThereCannotBeTaken() throws {
        let table = ListenerTable(inherited: [try listening(try FreePort.lease())])
        var frontend = Frontend(name: "web", mode: .http, bind: [])
        frontend.bind = [Bind(.passed(.name("other")))]
        let failure = #expect(throws: ListenerFailure.self) {
            try table.bind(generation: 1, configuration: Configuration(frontends: [frontend]))
        }
        #expect(failure?.error.errno == EBADF)
        #expect(failure?.pointer == "/frontends/web/bind/0")
    }

    @Test func anotherAddressIsBoundAsUsual() throws {
        let (own, other) = (try FreePort.lease(), try FreePort.lease())
        let table = ListenerTable(inherited: [try listening(other)])
        try table.bind(generation: 1, configuration: try configuration(own))
        #expect(table.idleInherited.map(\.name) == ["http"])
    }

    @Test func socketForBothFamiliesIsRefusedWithTheSetting() throws {
        let port = try FreePort.lease()
        let address = RawSocketAddress(
            host: .ipv6(high: 0, low: 0), port: UInt16(port))
        let socket = try TCPSocket.bind(address)
        let inherited = try InheritedSocket(name: "six", socket: socket)
        func place(takesIPv4: Bool = false, interface: String? = nil) -> ListenPlace {
            ListenPlace(inherited.address, interface: interface, takesIPv4: takesIPv4)
        }
        _ = try inherited.adopt(for: place())
        var off: Int32 = 0
        let both = Glibc.socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        let size = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the word is valid during the call.
        #expect(unsafe setsockopt(both, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size) == 0)
        let dual = try InheritedSocket(name: "both", socket: FileDescriptor(owning: both))
        _ = try dual.adopt(for: place(takesIPv4: true))
        for (socket, place, setting) in [
            (dual, place(), "BindIPv6Only=ipv6-only"),
            (inherited, place(takesIPv4: true), "BindIPv6Only=both"),
            (inherited, place(interface: "lo"), "BindToDevice=lo"),
        ] {
            let error = #expect(throws: SystemError.self) { _ = try socket.adopt(for: place) }
            #expect(error?.description.contains(setting) == true)
        }
    }

    /// Its file is who made it's business.
    @Test func aUnixSocketIsAdoptedAndItsFileStays() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("web.sock")
        let socket = try UnixSocket.bind(path)
        try TCPSocket.listen(socket.rawValue, backlog: 16)
        let mode = try Files.status(of: path).mode
        let inherited = try InheritedSocket(name: "web", socket: socket)
        let table = ListenerTable(inherited: [inherited])
        var frontend = Frontend(name: "web", mode: .http, bind: [])
        frontend.bind = [Bind(.unix(UnixAddress(name: path)))]
        try table.bind(generation: 1, configuration: Configuration(frontends: [frontend]))
        let leases = try table.handOff(generation: 1)
        #expect(leases.first?.manifest.entries.first?.inode == inherited.inode)
        table.commit(generation: 1)
        #expect(table.willRelease(generation: 1, successor: nil, isFinal: true).isEmpty)
        table.didLetGo(generation: 1)
        #expect(table.views.isEmpty)
        #expect(try Files.status(of: path).mode == mode)
        _ = try TestSocket.connect(path: path)
    }

    private func configuration(_ port: Int) throws -> Configuration {
        let address = try #require(SocketAddress("127.0.0.1:\(port)"))
        return Configuration(
            frontends: [Frontend(name: "web", mode: .http, bind: [address])])
    }
}
