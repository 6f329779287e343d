// The real master behind the API's port: the requirements are methods of `MasterHandle`.

public import Master

extension MasterHandle: ControlPort {
    /// The desk that this master has.
    public var configurationPort: any ConfigurationPort { configurations }
}
