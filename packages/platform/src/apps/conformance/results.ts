import { CONCEPTS, concept, sourceOfConcept } from '@acervo/dicom/sr/concepts.ts';
import { WRITER } from '@acervo/model/results/identity.ts';
import { COMPREHENSIVE_3D_SR, SEGMENTATION_STORAGE } from '@acervo/model/results/result.ts';
import { code, table } from './markdown.ts';

/** Objects that are made here, not received: what a model's run becomes. */
export function describeResults(): string {
  const made = [
    [
      'Comprehensive 3D SR Storage',
      code(COMPREHENSIVE_3D_SR),
      'TID 1500 with TID 1501, or TID 1410 and 1411; TID 4019',
    ],
    ['Segmentation Storage', code(SEGMENTATION_STORAGE), 'BINARY, one segment, in the pixels of its source images'],
  ];
  const concepts = CONCEPTS.map((name) => {
    const { value, scheme, meaning } = concept(name, 'en');
    return [`(${value}, ${scheme}, "${meaning}")`, concept(name, 'es').meaning, sourceOfConcept(name)];
  });
  return `## 9 Objects created

${code('acervo model run --results')} writes what a model says (decision 0042), in Explicit VR Little Endian:

${table(['SOP class', 'UID', 'What'], made)}

- Completion Flag COMPLETE, Verification Flag UNVERIFIED, Content Qualification (0018,9004) RESEARCH or PRODUCT.
- Patient and General Study modules are those of the source image, with its Timezone Offset From UTC; the character set
  is the source's, ISO_IR 100 or ISO_IR 192, the first that carries all of the text.
- UIDs are of the form ${code('2.25.')} (PS3.5 B.2), derived from what was computed; writer ${code(WRITER)}. The same
  run gives the same bytes.
- Code Meaning is in Spanish of Mexico, as TID 1204 says; findings have the codes of the model's manifest.

${table(['Concept', 'Code Meaning as written', 'PS3.16'], concepts)}
`;
}
