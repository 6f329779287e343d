/// The version of master and worker: told in the first packet, shown everywhere.
public enum ApusVersion {
    public static let current = "0.1.0"
}
