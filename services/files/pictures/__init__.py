"""Previews of images, made in processes of their own: decoders of strangers' bytes are not to be trusted."""
