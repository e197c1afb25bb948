"""Pictures, animations, videos and audio: uploading, reading, describing and deleting them."""
