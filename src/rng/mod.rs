pub struct Stream<const N: usize>;
