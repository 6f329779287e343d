// /metrics: one snapshot as text for Prometheus.

import Clock
import Master
import Supervisor

struct MetricsResource: Sendable {
    let port: any ControlPort
    let tally: AdminTally
    let places: WatcherPlaces
    let rosters: [ConnectionRoster]
    let certificates: CertificateRoster

    var routes: [Route] {
        [
            Route(method: .get, path: "/metrics", summary: "Metrics for Prometheus") { _ in
                .text(text(of: port.snapshot()), type: PrometheusText.contentType)
            }
        ]
    }

    func text(of snapshot: MasterSnapshot) -> String {
        var out = PrometheusText()
        writeMaster(snapshot, to: &out)
        writeReloads(snapshot, to: &out)
        writeGenerations(snapshot, to: &out)
        writeWorkers(snapshot, to: &out)
        for total in MetricCatalogue.workerTotals {
            out.write(
                total.family,
                total.samples.map { sample in
                    let value = snapshot.totals[sample.counter] ?? 0
                    return (labels: sample.label.map { [$0] } ?? [], value: "\(value)")
                })
        }
        TrafficMetrics.write(port.trafficTotals(), to: &out)
        ServerMetrics.write(port.servers(), to: &out)
        out.write(
            MetricCatalogue.adminRequestsTotal,
            tally.all.map { ([$0.key.route, "\($0.key.status)"], "\($0.count)") })
        out.write(MetricCatalogue.eventWatchers, places.count)
        func sum(_ count: KeyPath<ConnectionRoster, Int>) -> Int {
            rosters.reduce(0) { $0 + $1[keyPath: count] }
        }
        out.write(MetricCatalogue.adminConnections, sum(\.count))
        out.write(
            MetricCatalogue.adminConnectionsClosedTotal,
            [
                (["shed"], "\(sum(\.shedCount))"), (["refused"], "\(sum(\.refusedCount))"),
                (["handshake"], "\(tally.handshakeFailureCount)"),
            ])
        out.write(
            MetricCatalogue.certificateEnd,
            certificates.all.map { ([$0.pointer], Self.seconds($0.life.notAfter)) })
        return out.text
    }

    private func writeMaster(_ snapshot: MasterSnapshot, to out: inout PrometheusText) {
        out.write(MetricCatalogue.build, [([snapshot.version], "1")])
        out.write(MetricCatalogue.startTime, [([], Self.seconds(snapshot.startedAt))])
        let age = (snapshot.takenAt.instant - snapshot.loopTick).wholeMilliseconds
        out.write(
            MetricCatalogue.loopAge,
            [([], PrometheusText.seconds(milliseconds: max(0, age)))])
        let delays = snapshot.tickDelays
        out.write(MetricCatalogue.tickDelay, histograms: [([], delays.histogram)])
        out.write(
            MetricCatalogue.tickDelayMax,
            [([], PrometheusText.seconds(milliseconds: delays.longestMilliseconds))])
        let revisions = [
            ("applied", snapshot.appliedRevision), ("desired", snapshot.desiredRevision),
        ]
        out.write(
            MetricCatalogue.configRevision,
            revisions.compactMap { kind, revision in revision.map { ([kind], "\($0)") } })
    }

    private func writeReloads(_ snapshot: MasterSnapshot, to out: inout PrometheusText) {
        let requested = snapshot.reloads.filter { $0.trigger.source.isRequest }
        let last = requested.first { $0.status == .succeeded || $0.status == .failed }
        out.write(
            MetricCatalogue.lastReloadSuccessful,
            last.map { [([], $0.status == .succeeded ? "1" : "0")] } ?? [])
        // Of an earlier life, if this one has none.
        let success =
            snapshot.tally.lastSuccessAt
            ?? requested.first { $0.status == .succeeded }?.finishedAt
        out.write(
            MetricCatalogue.lastReloadSuccess, success.map { [([], Self.seconds($0))] } ?? [])
        let counters = snapshot.counters
        out.write(
            MetricCatalogue.reloadsTotal,
            [
                (["succeeded"], "\(counters.reloadsSucceeded)"),
                (["failed"], "\(counters.reloadsFailed)"),
                (["superseded"], "\(counters.reloadsSuperseded)"),
                (["cancelled"], "\(counters.reloadsCancelled)"),
            ])
        out.write(
            MetricCatalogue.stepDuration,
            histograms: ReloadRecord.StepName.allCases.map { step in
                ([step.rawValue], snapshot.tally.stepDurations[step] ?? DurationHistogram())
            })
    }

    private func writeGenerations(_ snapshot: MasterSnapshot, to out: inout PrometheusText) {
        let live = snapshot.generations.filter { $0.phase != .exited }
        let phases = GenerationRecord.Phase.allCases.filter { $0 != .exited }
        out.write(
            MetricCatalogue.generationCount,
            phases.map { phase in
                ([phase.rawValue], "\(live.count { $0.phase == phase })")
            })
        out.write(
            MetricCatalogue.generationReloads,
            live.map { (["\($0.generation)"], "\($0.reloads)") })
        let sessions = snapshot.workers.reduce(into: [Int: Int]()) { sessions, worker in
            sessions[worker.key.generation, default: 0] &+= worker.value.clientConnections
        }
        out.write(
            MetricCatalogue.generationSessions,
            live.map { (["\($0.generation)"], "\(sessions[$0.generation] ?? 0)") })
        out.write(
            MetricCatalogue.sigtermTotal,
            GenerationRecord.SigtermReason.allCases.map { reason in
                ([reason.rawValue], "\(snapshot.tally.sigterms[reason] ?? 0)")
            })
        out.write(MetricCatalogue.crashesTotal, snapshot.counters.workersCrashed)
        out.write(MetricCatalogue.restartsTotal, snapshot.counters.restarts)
    }

    private func writeWorkers(_ snapshot: MasterSnapshot, to out: inout PrometheusText) {
        out.write(
            MetricCatalogue.workerExitsTotal,
            [
                (["true"], "\(snapshot.counters.workerExitsExpected)"),
                (["false"], "\(snapshot.counters.workerExitsUnexpected)"),
            ])
        out.write(MetricCatalogue.workersStuckTotal, snapshot.counters.workersStuck)
        out.write(MetricCatalogue.violationsTotal, snapshot.counters.protocolViolations)
        // Gauges are a worker's word, so any number: sums wrap and do not trap.
        let workers = snapshot.workers.values
        out.write(MetricCatalogue.exchangesInFlight, workers.reduce(0) { $0 &+ $1.exchanges })
        out.write(MetricCatalogue.tunnels, workers.reduce(0) { $0 &+ $1.tunnels })
        out.write(
            MetricCatalogue.residentBytes, workers.reduce(0) { $0 &+ ($1.rssBytes ?? 0) })
    }

    private static func seconds(_ time: WallTime) -> String {
        PrometheusText.seconds(milliseconds: time.milliseconds)
    }
}
