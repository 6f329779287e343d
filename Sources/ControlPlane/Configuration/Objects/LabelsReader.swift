// `labels:` — free text by name. Only `owner` means something today: problems carry it.

extension ValueReader {
    /// Checks them; nothing of them goes into the model.
    func checkLabels() {
        guard let labels = mapping() else { return }
        for label in labels.all() {
            if !Names.isName(label.key) {
                label.value.report(
                    .invalidValue,
                    "\(quoted(label.key)) cannot name a label: 1 to 64 of A-Z a-z 0-9 _ . - "
                        + "are allowed",
                    at: label.keyPosition)
            }
            _ = label.value.string()
        }
    }
}
