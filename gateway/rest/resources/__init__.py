"""What every version serves: a module for each kind of resource, one function a route."""
