"""The Media service: uploads, and the pictures, animations, videos and audio made of them."""
