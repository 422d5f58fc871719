/**
 * The 256 words of `fingerprintWords`, one for each value of a byte: plain English that is easy to say over the
 * telephone, no two alike in their first four letters, and few that rhyme.
 * The list is part of the format: a word changed is every fingerprint changed.
 */
export const fingerprintList: readonly string[] = `
  acorn actor admire agent airport album almond anchor animal ankle apple april apron arrow artist
  atlas attic august autumn avenue bacon badge baker bamboo banana barrel basket beaver beetle bell
  berry bicycle birch biscuit blanket blossom boat bonfire bottle branch bread bridge brother
  bubble bucket butter cabin cactus camera candle canoe carpet castle cello cherry chimney circle
  citrus clock cloud coconut coffee comet copper cotton cousin crayon cricket crown cupboard
  curtain daisy dancer daughter december desert diamond dinner doctor dolphin doorbell dragon drum
  duck dust eagle earth easel echo elbow elephant emerald engine evening falcon family farmer
  feather fiddle finger flamingo flower forest fountain fox friday frog furnace galaxy garden
  garlic ginger giraffe glacier globe glove goat gold grape green guitar hammer harbour harvest
  hazel helmet herring hill holiday honey horse hotel house hundred iceberg igloo indigo ink insect
  iris island ivory jacket jaguar jasmine jelly jewel journey judge july jungle kayak kettle key
  kingdom kitchen kite koala ladder lagoon lake lantern lemon leopard letter library lily lion
  lizard lobster lunch magnet mango maple marble market meadow member mermaid midnight milk mirror
  monday monkey morning mountain museum music napkin nature needle neighbour nephew nest nickel
  night north notebook november nurse nutmeg oasis ocean october olive onion opera orange orchard
  otter oven owl oyster paddle palace panda paper parrot peach pencil pepper piano pigeon pillow
  planet pony postman potato pumpkin puppet purple quarter queen quilt rabbit radio railway rainbow
  raven river robin rocket rose ruby sailor salad sandal saturn school scissors seal september
  shadow shelter silver sunday
`
  .trim()
  .split(/\s+/);
