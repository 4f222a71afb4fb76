"""What happened to a mail: signed links, the pixel and redirect, event intake, inbound replies and bounces."""
