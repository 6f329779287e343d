// `apus top`: what serves and how much, each second, until `q`.

import ArgumentParser
import Clock
import Glibc
import JSON

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show what serves and how much, each second, until q.",
        discussion: """
            `q` or Ctrl-C ends. Without a terminal, or with --once, it shows one frame; its rates \
            are those of one second. With a format for programs a frame is one object with the \
            answers of /v1/status, /v1/generations and /v1/stats.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "One frame, and the end.")
    var once = false

    private static let period = Duration.seconds(1)

    func run() throws {
        let session = try ClientSession(global)
        let format = global.output ?? .table
        if !format.isForPeople {
            let sample = try Self.sample(session)
            var options = global
            options.output = format
            return Printer(options).show(
                [
                    "status": sample.status, "generations": sample.generations,
                    "stats": sample.stats,
                ]) { _, _ in "" }
        }
        let isWide = format == .wide
        let first = try Self.sample(session)
        guard !once, !global.quiet, let screen = Screen() else {
            guard !global.quiet else { return }
            try Blocking.wait { try await Task.sleep(for: Self.period) }
            let second = try Self.sample(session)
            Console.output(Self.frame(second, after: first, isWide: isWide).text)
            return
        }
        let interruption = Interruption([SIGINT, SIGTERM, SIGHUP, SIGQUIT]) { screen.restore() }
        withExtendedLifetime(interruption) {
            follow(session, from: first, on: screen, isWide: isWide)
            screen.restore()
        }
    }

    private func follow(
        _ session: ClientSession, from first: Sample, on screen: Screen, isWide: Bool
    ) {
        var frame = Self.frame(first, after: nil, isWide: isWide)
        var trouble: String?
        var next = Instant.now() + Self.period
        while true {
            let text = frame.text(within: screen.size)
            screen.draw(trouble.map { "\($0)\n\n\(text)" } ?? text)
            while Instant.now() < next {
                if screen.key(within: next - .now()) == .end { return }
            }
            next = .now() + Self.period
            do throws(CommandFailure) {
                frame = Self.frame(
                    try Self.sample(session), after: frame.sample, isWide: isWide)
                trouble = nil
            } catch {
                // A master that is started anew is worth waiting for.
                trouble = error.message ?? "the master does not answer"
            }
        }
    }

    private typealias Sample = TopFrame.Sample

    private static func frame(_ sample: Sample, after previous: Sample?, isWide: Bool) -> TopFrame {
        TopFrame(
            sample: sample, previous: previous,
            style: .init(isWide: isWide, colour: Console.hasColour, now: .now()))
    }

    private static func sample(_ session: ClientSession) throws(CommandFailure) -> Sample {
        func get(_ target: String) throws(CommandFailure) -> JSONValue {
            let answer = try session.client.get(target)
            guard answer.isSuccess else {
                throw CommandFailure(.other, ProblemText.summary(answer.value))
            }
            return answer.value
        }
        return Sample(
            status: try get("/v1/status"), generations: try get("/v1/generations?limit=1000"),
            stats: try get("/v1/stats"))
    }
}
