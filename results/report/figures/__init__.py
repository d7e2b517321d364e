"""One file a kind of figure: `draw(material)` gives its pictures, and a sentence for each that cannot be drawn yet."""
