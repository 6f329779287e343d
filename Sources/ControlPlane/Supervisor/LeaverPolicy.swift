// Which generations a reload that just succeeded ends (control-api C, rules 4 and 5). Pure.

enum LeaverPolicy {
    struct Sentence: Sendable, Equatable {
        var generation: Int
        var reason: GenerationRecord.SigtermReason
    }

    /// Whom to send SIGTERM, oldest first, each once: after ageing, every leaver whose `reloads`
    /// exceed `maxReloads` (nil: no limit), and with `.hard` the one just replaced. Who had its
    /// SIGTERM gets no second one.
    static func sentences(
        leavers: [GenerationRecord], replaced: Int?, mode: ReloadRecord.Mode, maxReloads: Int?
    ) -> [Sentence] {
        leavers.compactMap { leaver in
            guard leaver.phase == .leaving, !leaver.sigtermSent else { return nil }
            if let maxReloads, leaver.reloads > maxReloads {
                return Sentence(generation: leaver.generation, reason: .maxReloads)
            }
            if mode == .hard, leaver.generation == replaced {
                return Sentence(generation: leaver.generation, reason: .hardReload)
            }
            return nil
        }
    }
}
