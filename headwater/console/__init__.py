"""The pages that people look at: rendered here, on the services and engines that the API answers from."""
